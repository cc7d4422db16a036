package dev.tenpayroutes.console;

import java.util.Map;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** There is no console without a way to log in. */
final class ConsoleIsOn implements Condition {

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
        return isSet(context.getEnvironment(), "tenpay.console.users") || hasOidc(context.getEnvironment());
    }

    static boolean hasOidc(Environment environment) {
        return isSet(environment, "spring.security.oauth2.client.registration");
    }

    private static boolean isSet(Environment environment, String name) {
        return !Binder.get(environment)
                .bind(name, Bindable.mapOf(String.class, Object.class))
                .orElse(Map.of())
                .isEmpty();
    }
}
