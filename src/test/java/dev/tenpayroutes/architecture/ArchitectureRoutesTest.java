package dev.tenpayroutes.architecture;

import dev.tenpayroutes.architecture.RouteFile.Entry;
import dev.tenpayroutes.architecture.RouteFile.Route;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One listing of {@code routes/} explains the project: names, descriptions and policies are where a reader expects them. */
class ArchitectureRoutesTest {

    private static final Pattern KEBAB = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");
    private static final Pattern SENTENCE = Pattern.compile("[A-Z].*[^.!?]\\.", Pattern.DOTALL);
    private static final Pattern ALLOWED = Pattern.compile(
            "[a-z0-9-]+\\.camel\\.yaml|payment-methods\\.yaml|mappings/[a-z0-9-]+\\.jq|sql/[a-z0-9-]+\\.sql");

    private static final String STEPS = "(process|choice|to|toD|bean|split|loop|doTry|convertBodyTo)";

    /** These begin with something other than their own route. */
    private static final Set<String> WITHOUT_OWN_ROUTE = Set.of("merchant-api", "api-support", "error-handling");

    private final List<RouteFile> files = RouteFile.all();
    private final List<Route> routes =
            files.stream().flatMap(file -> file.routes().stream()).toList();
    private final Set<String> operations = Architecture.operations();
    private final List<Violation> violations = new ArrayList<>();

    @Test
    void theFolderIsFlatAndHoldsNothingElse() throws IOException {
        try (Stream<Path> walk = Files.walk(Architecture.ROUTES)) {
            walk.filter(path -> !path.equals(Architecture.ROUTES)
                            && !path.equals(Architecture.MAPPINGS)
                            && !path.equals(Architecture.SQL))
                    .map(path -> Architecture.ROUTES.relativize(path).toString().replace('\\', '/'))
                    .filter(name -> !ALLOWED.matcher(name).matches())
                    .forEach(name -> violations.add(new Violation(
                            "routes/" + name,
                            "routes/ holds only *.camel.yaml, payment-methods.yaml, mappings/*.jq and sql/*.sql,"
                                    + " in kebab-case and without further folders (inside the jar they would be lost)",
                            "rename it, move it out, or make it one of these")));
        }
        Violation.none(violations);
    }

    @Test
    void aFileHoldsRoutesAndOnlyItsOwnKindOfThing() {
        for (RouteFile file : files) {
            String special = file.name().equals("merchant-api")
                    ? "rest"
                    : file.name().equals("error-handling") ? "routeConfiguration" : "route";
            for (Entry entry : file.entries()) {
                if (entry.path().matches("\\d+/[^/]+")
                        && !List.of("route", "routeTemplate", special).contains(entry.key())) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.key()
                                    + "` at the top: only `route` and its templates, in merchant-api also `rest`,"
                                    + " in error-handling also `routeConfiguration`",
                            "write it as a route, or move it to the file that is its place"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyRouteHasAnIdThatSaysWhatItIs() {
        for (Route route : routes) {
            boolean operation = route.file().name().equals("merchant-api") && operations.contains(route.id());
            if (!operation && !KEBAB.matcher(route.id()).matches()) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "route id `" + route.id() + "` is neither kebab-case nor, in merchant-api, an"
                                        + " operationId of " + Architecture.CONTRACT,
                                "give it an id like feature-verb"));
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyRouteHasADescriptionOfOneSentence() {
        for (Route route : routes) {
            String description = route.get("description");
            boolean one = SENTENCE.matcher(description).matches()
                    && !Pattern.compile("[.!?]\\s+[A-Z]").matcher(description).find();
            if (!one) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "route " + route.id() + " needs a description of one sentence, but has `" + description
                                        + "`",
                                "say in one sentence, with a capital and a full stop, what the route does"));
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyRouteNamesAnErrorPolicyOfErrorHandling() {
        Set<String> policies = files.stream()
                .filter(file -> file.name().equals("error-handling"))
                .flatMap(file -> file.entries().stream())
                .filter(entry -> entry.path().matches("\\d+/routeConfiguration/id"))
                .map(Entry::text)
                .collect(Collectors.toCollection(TreeSet::new));
        for (Route route : routes) {
            String policy = route.get("routeConfigurationId");
            if (!policies.contains(policy)) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "route " + route.id() + " has routeConfigurationId `" + policy
                                        + "`, which error-handling.camel.yaml doesn't define",
                                "name one of " + policies));
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyErrorPolicyIsNamedByARoute() {
        Set<String> named =
                routes.stream().map(route -> route.get("routeConfigurationId")).collect(Collectors.toSet());
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (entry.path().matches("\\d+/routeConfiguration/id") && !named.contains(entry.text())) {
                    violations.add(file.violation(
                            entry.line(),
                            "error policy " + entry.text() + " is named by no route",
                            "delete it, or name it as routeConfigurationId"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void theFirstRouteOfAFileHasTheFilesName() {
        for (RouteFile file : files) {
            if (WITHOUT_OWN_ROUTE.contains(file.name())) {
                continue;
            }
            String first = file.firstId();
            if (!first.equals(file.name())) {
                violations.add(file.violation(
                        file.routes().isEmpty() ? 1 : file.routes().get(0).line(),
                        "the first route's id is `" + first + "`, the file's name `" + file.name() + "`",
                        "rename one of the two, or move the file's own route to the top"));
            }
        }
        Violation.none(violations);
    }

    @Test
    void aRouteIsNamedLikeItsDirectEndpoint() {
        for (Route route : routes) {
            if (route.from().startsWith("direct:") && !route.from().equals("direct:" + route.id())) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "route " + route.id() + " listens to " + route.from(),
                                "write from.uri direct:" + route.id()));
            }
        }
        Violation.none(violations);
    }

    /** In a designer, a step shows its description; in logs and in live views, its id. */
    @Test
    void everyStepHasAnIdAndAShortDescription() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (!entry.path().matches(".*/\\d+/" + STEPS)) {
                    continue;
                }
                String id = file.text(entry.path() + "/id");
                String description = file.text(entry.path() + "/description");
                if (!id.matches("[a-zA-Z0-9-]+") || description.isEmpty() || description.length() > 60) {
                    violations.add(file.violation(
                            entry.line(),
                            "`" + entry.key() + "` has the id `" + id + "` and the description `" + description + "`",
                            "give it an id like route-verb, and a description of at most 60 letters that states the step,"
                                    + " or as a question what is chosen"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void idsOfStepsAreUnique() {
        Set<String> seen = routes.stream().map(Route::id).collect(Collectors.toCollection(TreeSet::new));
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                boolean step = entry.path().matches("\\d+/(route|routeConfiguration)/.*/id");
                if (step && !entry.text().isEmpty() && !seen.add(entry.text())) {
                    violations.add(file.violation(
                            entry.line(), "id " + entry.text() + " is that of another step or route", "rename one"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void routeIdsAreUnique() {
        Map<String, Route> seen = new HashMap<>();
        for (Route route : routes) {
            Route before = seen.putIfAbsent(route.id(), route);
            if (before != null) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "route id " + route.id() + " is taken by "
                                        + Architecture.place(before.file().path(), before.line()),
                                "rename one of the two"));
            }
        }
        Violation.none(violations);
    }

    @Test
    void whateverIsSentToExists() {
        for (RouteFile file : files) {
            for (Entry entry : file.entries()) {
                if (entry.text().matches("(direct|seda|coalesce):.+")
                        && routes.stream().noneMatch(entry::names)) {
                    violations.add(file.violation(
                            entry.line(),
                            "no route listens to " + entry.text(),
                            "correct the name, or write the route"));
                }
            }
        }
        Violation.none(violations);
    }

    @Test
    void everyOperationOfTheContractHasItsRoute() {
        Set<String> ids = routes.stream()
                .filter(route -> route.file().name().equals("merchant-api"))
                .map(Route::id)
                .collect(Collectors.toSet());
        for (String operation : operations) {
            if (!ids.contains(operation)) {
                violations.add(new Violation(
                        Architecture.CONTRACT.toString(),
                        "operation " + operation + " has no route in merchant-api.camel.yaml",
                        "write the route " + operation + ", from direct:" + operation));
            }
        }
        Violation.none(violations);
    }

    /** A route sends to itself only by mistake, so that doesn't count as a use. */
    @Test
    void everyDirectRouteIsUsed() {
        for (Route route : routes) {
            boolean used = operations.contains(route.id())
                    || Architecture.calledByConsole().contains(route.id())
                    || files.stream()
                            .flatMap(file -> file.policyEntries().stream())
                            .anyMatch(entry -> entry.names(route))
                    || routes.stream()
                            .filter(other -> other != route)
                            .flatMap(other -> other.entries().stream())
                            .anyMatch(
                                    entry -> entry.names(route) && !entry.path().matches("\\d+/route/from/uri"));
            if (route.from().startsWith("direct:") && !used) {
                violations.add(route.file()
                        .violation(
                                route.line(),
                                "nothing sends to " + route.from() + ", and the contract has no such operation",
                                "delete the route, or use it"));
            }
        }
        Violation.none(violations);
    }
}
