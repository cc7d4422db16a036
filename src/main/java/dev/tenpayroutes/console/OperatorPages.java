package dev.tenpayroutes.console;

import dev.tenpayroutes.camel.RouteCounts;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.camel.CamelContext;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.RouteDefinition;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;

/** The routes as they run, and what people did: for operators. */
@ConsolePage
public class OperatorPages {

    private static final int MAX_DEPTH = 8;

    private final Console console;
    private final CamelContext camel;
    private final RouteCounts counts;

    OperatorPages(Console console, CamelContext camel, RouteCounts counts) {
        this.console = console;
        this.camel = camel;
        this.counts = counts;
    }

    /** @param leadsTo the route that this step goes on to; empty where it is none */
    public record Step(String id, String description, String leadsTo, List<Step> steps) {}

    /** A route with its steps, and what passed it. */
    public record RouteView(
            String id, String description, String from, String state, RouteCounts.Count count, List<Step> steps) {}

    @GetMapping("/console/routes")
    ResponseEntity<String> routes(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        if (!visit.isOperator()) {
            return forbidden(visit);
        }
        List<RouteView> routes = ((ModelCamelContext) camel)
                .getRouteDefinitions().stream()
                        .map(this::view)
                        .sorted(Comparator.comparing(RouteView::id))
                        .toList();
        return console.page("routes", visit, Map.of("routes", routes));
    }

    private RouteView view(RouteDefinition route) {
        return new RouteView(
                route.getRouteId(),
                Objects.requireNonNullElse(route.getDescriptionText(), ""),
                // Only what comes before the parameters: those may be of a broker.
                String.valueOf(route.getEndpointUrl()).replaceFirst("\\?.*", ""),
                String.valueOf(camel.getRouteController().getRouteStatus(route.getRouteId())),
                counts.of(route.getRouteId()),
                steps(route.getOutputs(), 0));
    }

    private static List<Step> steps(List<ProcessorDefinition<?>> outputs, int depth) {
        List<Step> steps = new ArrayList<>();
        for (ProcessorDefinition<?> output : outputs) {
            String label = output.getLabel();
            boolean leads = String.valueOf(label).startsWith("direct:");
            steps.add(new Step(
                    Objects.requireNonNullElse(output.getId(), output.getShortName()),
                    Objects.requireNonNullElse(output.getDescriptionText(), ""),
                    leads ? label.substring("direct:".length()).replaceFirst("\\?.*", "") : "",
                    depth < MAX_DEPTH ? steps(output.getOutputs(), depth + 1) : List.of()));
        }
        return steps;
    }

    @GetMapping("/console/audit")
    ResponseEntity<String> audit(HttpServletRequest request, HttpServletResponse response) {
        Visit visit = console.visit(request, response);
        if (!visit.isOperator()) {
            return forbidden(visit);
        }
        String cursor = request.getParameter("cursor");
        Answer acts = console.audit().list(visit, cursor == null || !cursor.matches("[0-9]{1,18}") ? null : cursor);
        return console.page(acts.status(), "audit", visit, Map.of("acts", acts));
    }

    private ResponseEntity<String> forbidden(Visit visit) {
        return console.page(
                403, "problem", visit, Map.of("problem", Operations.answer(403, "{\"code\":\"FORBIDDEN\"}")));
    }
}
