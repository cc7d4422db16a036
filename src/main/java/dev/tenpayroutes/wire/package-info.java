/** The wire format spoken with Tenpay Global: what is signed, what is verified, what is decrypted. Knows nothing of Camel. */
@NullMarked
package dev.tenpayroutes.wire;

import org.jspecify.annotations.NullMarked;
