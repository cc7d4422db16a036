package dev.tenpayroutes.config;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A text with names in braces: these and no others, and {@code {body}} exactly once where it may be. */
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
@Constraint(validatedBy = Layout.Validator.class)
@interface Layout {

    /** The names that may be used. */
    String[] value();

    String message() default "is not a layout";

    Class<?>[] groups() default {};

    Class<? extends Payload>[] payload() default {};

    /** Judges one layout. */
    final class Validator implements ConstraintValidator<Layout, String> {

        private static final Pattern NAME = Pattern.compile("\\{([^{}]*)}?");
        private List<String> names = List.of();

        @Override
        public void initialize(Layout layout) {
            names = List.of(layout.value());
        }

        @Override
        public boolean isValid(@Nullable String layout, ConstraintValidatorContext context) {
            String problem = layout == null ? null : problem(layout);
            if (problem != null) {
                context.disableDefaultConstraintViolation();
                // Nothing of it is an expression.
                context.buildConstraintViolationWithTemplate(problem.replaceAll("([{}$\\\\])", "\\\\$1"))
                        .addConstraintViolation();
            }
            return problem == null;
        }

        private @Nullable String problem(String layout) {
            Matcher name = NAME.matcher(layout);
            int bodies = 0;
            while (name.find()) {
                if (!names.contains(name.group(1)) || !name.group().endsWith("}")) {
                    return "has the unknown name " + name.group() + ". Remedy: use {" + String.join("}, {", names)
                            + "}";
                }
                bodies += name.group(1).equals(SignatureProperties.BODY) ? 1 : 0;
            }
            if (names.contains(SignatureProperties.BODY) && bodies != 1) {
                return "must contain {body} exactly once. Remedy: put it where the bytes of the body belong";
            }
            return layout.contains("\\")
                    ? "has a backslash that is not part of \\n. Remedy: write a line break as \\n, and nothing else so"
                    : null;
        }
    }
}
