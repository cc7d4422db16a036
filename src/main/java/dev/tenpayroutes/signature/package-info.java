/** Signing, verifying and decrypting what is exchanged with Tenpay Global. Knows neither Camel nor another package. */
@NullMarked
package dev.tenpayroutes.signature;

import org.jspecify.annotations.NullMarked;
