package dev.tenpayroutes.account;

import dev.tenpayroutes.account.SigningKeyPair.Pair;
import dev.tenpayroutes.config.AccountProperties;
import dev.tenpayroutes.config.ConfigurationProblem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What can be wrong with an account's keys and certificates, each with its setting and the remedy. */
final class AccountProblems {

    static final String PORTAL = "the merchant portal";
    static final String NEXT = ".next";

    private final String prefix;
    private final AccountProperties settings;

    AccountProblems(String prefix, AccountProperties settings) {
        this.prefix = prefix;
        this.settings = settings;
    }

    /** The pair that signs isn't valid now, and there is no other. */
    ConfigurationProblem outsideValidity(Pair chosen) {
        return ConfigurationProblem.warning(
                prefix + "certificate",
                "is valid only from " + chosen.certificate().getNotBefore().toInstant() + " to "
                        + chosen.certificate().getNotAfter().toInstant()
                        + ", and there is no other: Tenpay may refuse our calls",
                "make a new key and certificate, upload the certificate in " + PORTAL + ", then put both here");
    }

    /** The files don't answer: the account works on with files read before; without any it can't work. */
    ConfigurationProblem overdue(boolean signs) {
        String remedy = "look at the folders that its settings name, whether they are mounted and answer, and at its"
                + " token; a restart isn't needed";
        return !signs
                ? ConfigurationProblem.error(
                        prefix.substring(0, prefix.length() - 1), "has files or a token that don't answer", remedy)
                : ConfigurationProblem.warning(
                        prefix.substring(0, prefix.length() - 1),
                        "has files that don't answer: the former files stay in use",
                        remedy);
    }

    static ConfigurationProblem ofNext(ConfigurationProblem problem) {
        return new ConfigurationProblem(
                problem.severity(), problem.setting() + NEXT, problem.problem(), problem.remedy());
    }

    /** Why a complete pair doesn't sign; empty when nothing is wrong with it. */
    Optional<ConfigurationProblem> unusedPair(
            Pair pair, boolean following, Pair chosen, boolean nextSigns, boolean refused, Instant now) {
        String setting = prefix + "certificate" + (following ? NEXT : "");
        if (!pair.validAt(now)) {
            return Optional.of(ConfigurationProblem.warning(
                    setting,
                    "has the serial " + pair.serial() + " and is valid only from "
                            + pair.certificate().getNotBefore().toInstant() + " to "
                            + pair.certificate().getNotAfter().toInstant() + ": ignored outside, " + chosen.serial()
                            + " signs",
                    "wait for it if it is new, else replace it"));
        }
        if (!following && nextSigns) {
            return Optional.of(ConfigurationProblem.warning(
                    setting,
                    "has the serial " + pair.serial() + (refused ? ", which Tenpay refuses" : "") + ", and that of "
                            + NEXT + " signs: " + chosen.serial(),
                    "move " + place(settings.privateKey()) + NEXT + " and " + place(settings.certificate()) + NEXT
                            + " over those without " + NEXT + (refused ? "" : " when Tenpay accepts them")));
        }
        return refused
                ? Optional.of(ConfigurationProblem.warning(
                        setting,
                        "has the serial " + pair.serial() + ", which Tenpay refuses: " + chosen.serial()
                                + " signs again, and it is tried again in some minutes",
                        "upload the certificate " + pair.serial() + ", " + place(settings.certificate())
                                + (following ? NEXT : "") + ", in " + PORTAL))
                : Optional.empty();
    }

    private static String place(@Nullable String setting) {
        return Objects.requireNonNullElse(setting, "").strip();
    }

    /** What is wrong with the folder of platform certificates. */
    List<ConfigurationProblem> ofPlatform(
            PlatformCertificates platform, @Nullable Pair main, @Nullable Pair following) {
        List<ConfigurationProblem> found = new ArrayList<>();
        List<ConfigurationProblem> problems = platform.problems();
        if (!platform.usable() && !platform.listed()) {
            problems.forEach(problem ->
                    found.add(ConfigurationProblem.error(problem.setting(), problem.problem(), problem.remedy())));
            return found;
        }
        found.addAll(problems);
        ownAsPlatform(platform, main, following).ifPresent(found::add);
        if (!platform.usable()) {
            found.add(ConfigurationProblem.error(
                    prefix + "platform-certificates",
                    "holds no usable platform certificate: "
                            + settings.platformCertificates().strip()
                            + (problems.isEmpty()
                                    ? " is empty"
                                    : " (it " + problems.get(0).problem() + ")"),
                    "download the Tenpay Global platform certificate from " + PORTAL + " and put it there as PEM"));
        }
        return found;
    }

    /** With it alone nothing of Tenpay's is ever verified; beside Tenpay's own it only has no place there. */
    private Optional<ConfigurationProblem> ownAsPlatform(
            PlatformCertificates platform, @Nullable Pair main, @Nullable Pair following) {
        List<String> serials =
                platform.certificates().stream().map(AccountCertificate::serial).toList();
        List<String> own = Stream.of(main, following)
                .filter(Objects::nonNull)
                .map(Pair::serial)
                .filter(serials::contains)
                .distinct()
                .toList();
        if (own.isEmpty()) {
            return Optional.empty();
        }
        ConfigurationProblem alone = ConfigurationProblem.error(
                prefix + "platform-certificates",
                "holds this account's own certificate " + own.get(0) + ", which is not Tenpay's",
                "download the Tenpay Global platform certificate from " + PORTAL
                        + ", put it there and take this one away");
        return Optional.of(
                own.size() == serials.size()
                        ? alone
                        : ConfigurationProblem.warning(alone.setting(), alone.problem(), alone.remedy()));
    }
}
