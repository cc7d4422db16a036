package dev.tenpayroutes.api;

/** Ends a call with a {@link Problem}: the caller's mistake or Tenpay's refusal, not ours. Cheap: no stack trace. */
public final class ProblemException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    public ProblemException(Problem problem) {
        super(problem.code(), null, false, false);
        this.problem = problem;
    }

    /** A problem of the catalogue, as by {@link Problem#of(String, Object...)}. */
    public ProblemException(String name, Object... namesAndValues) {
        this(Problem.of(name, namesAndValues));
    }

    public Problem problem() {
        return problem;
    }
}
