# The oldest Java we build for builds the jar: a newer compiler has more warnings, and here a warning is an error.
# 17.0.20. A digest is one image for ever; renew tag and digest together.
FROM eclipse-temurin:17-jdk@sha256:36d9a76dc231587873b103c68a789b85d91b41d314dda69730d6bc43a777f2a9 AS build
# mvnw fetches Maven with curl or wget; which of the two this image holds has changed between its releases.
RUN command -v curl || command -v wget || \
    { apt-get update && apt-get install -y --no-install-recommends ca-certificates curl \
      && rm -rf /var/lib/apt/lists/*; }
WORKDIR /build
COPY mvnw pom.xml ./
COPY src src
COPY routes routes
COPY docs/errors.md docs/errors.md
RUN --mount=type=cache,target=/root/.m2 ./mvnw -B -ntp -DskipTests package
# Files of a checkout with a strict umask would be unreadable to the user below. Taken apart, since a JVM looks for each class
# in one jar after the other, and inside a jar that takes it long.
RUN chmod -R a+rX routes target/tenpay-global-routes.jar \
    && java -Djarmode=tools -jar target/tenpay-global-routes.jar extract --destination /app

# What a start learns is kept in /app/app.aot: the next ones take half of the time. With the JVM that will run it.
# 25.0.4, the same digest twice: the JVM that learns is the one that runs.
FROM eclipse-temurin:25-jre@sha256:bb036ed6cfdc57e3da7c22634d15f1b840d2caf76183861c80e81ca4b5104abb AS learned
RUN apt-get update && apt-get install -y --no-install-recommends curl postgresql && rm -rf /var/lib/apt/lists/*
COPY --from=build --chown=postgres /app /app
COPY src/deploy/aot-cache.sh /usr/local/bin/
USER postgres
RUN aot-cache.sh /app

# An image with glibc: the fast RSA library has no build for Alpine's musl.
FROM eclipse-temurin:25-jre@sha256:bb036ed6cfdc57e3da7c22634d15f1b840d2caf76183861c80e81ca4b5104abb
RUN groupadd --gid 10001 routes \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin routes
WORKDIR /app
COPY --from=learned --chown=root /app /app
COPY --from=build /build/routes routes
USER 10001:10001
# Native memory in few pieces, or each of many threads keeps one.
ENV SPRING_PROFILES_ACTIVE=production MALLOC_ARENA_MAX=2
EXPOSE 8080
# By bash alone: newer JRE images have no curl. The program answers on the port before its routes run, so ask readiness.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["bash", "-c", "\
exec 3<>/dev/tcp/127.0.0.1/${SERVER_PORT:-8080} \
&& printf 'GET /actuator/health/readiness HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 \
&& read -r -t 4 status <&3 && [[ $status == HTTP/1.?' 200'* ]] || exit 1"]
# Memory follows the container's limit; what isn't heap takes up to 250 MB under load. Out of memory ends the program: a restart is safe, a half-working JVM is not.
# What the compiler has borrowed goes back twice a minute. Huge pages where the host lets them be asked for (madvise).
# docs/performance-log.md has what both bring.
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+ExitOnOutOfMemoryError", "-XX:+UseTransparentHugePages", \
    "-XX:TrimNativeHeapInterval=30000", "-XX:AOTCache=/app/app.aot", "-jar", "/app/tenpay-global-routes.jar"]
