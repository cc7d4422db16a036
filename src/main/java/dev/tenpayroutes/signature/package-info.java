/** Signing, verifying and decrypting what is exchanged with Tenpay Global. Knows its settings, and neither Camel nor any other package. */
@NullMarked
package dev.tenpayroutes.signature;

import org.jspecify.annotations.NullMarked;
