package dev.tenpayroutes.console;

import dev.tenpayroutes.security.Client;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.springframework.core.io.ClassPathResource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What the merchant API's contract says of its operations: method, path, and the scope that a caller needs. */
final class Contract {

    private static final String DOCUMENT = "openapi/merchant-api.yaml";

    /** @param scopes of which one will do */
    record Operation(String id, String method, String path, List<String> scopes) {
        boolean allows(Client client) {
            return scopes.stream().anyMatch(client.scopes()::contains);
        }
    }

    private final Map<String, Operation> operations = new HashMap<>();

    Contract() throws IOException {
        try (InputStream in = new ClassPathResource(DOCUMENT).getInputStream()) {
            Map<String, Map<String, Map<String, Map<String, Object>>>> contract =
                    new Yaml(new SafeConstructor(new LoaderOptions())).load(in);
            Objects.requireNonNull(contract.get("paths"))
                    .forEach((path, methods) -> methods.forEach((method, operation) -> {
                        List<String> scopes = new ArrayList<>();
                        for (String name : List.of("x-scope", "x-scope-or")) {
                            if (operation.get(name) != null) {
                                scopes.add(operation.get(name).toString());
                            }
                        }
                        String id = Objects.requireNonNull(operation.get("operationId"))
                                .toString();
                        operations.put(
                                id, new Operation(id, method.toUpperCase(Locale.ROOT), path, List.copyOf(scopes)));
                    }));
        }
    }

    Operation operation(String id) {
        return Objects.requireNonNull(operations.get(id), id);
    }
}
