package dev.tenpayroutes.camel;

/** A file of {@code routes/} that isn't a route, and that profile {@code dev} reads again when it was edited. */
public interface ReloadableFile {

    /** The file's name within {@code routes/}. */
    String name();

    /** Reads the file again; a broken one changes nothing and is a {@code InvalidConfigurationException}. */
    void load();
}
