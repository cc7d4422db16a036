package dev.tenpayroutes.api;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Name;

/**
 * The setting {@code tenpay.docs.public}.
 *
 * @param open whether anybody may read the contract and its pages, {@code /v1/openapi.yaml} and {@code /docs}
 */
@ConfigurationProperties("tenpay.docs")
public record DocsProperties(@Name("public") boolean open) {}
