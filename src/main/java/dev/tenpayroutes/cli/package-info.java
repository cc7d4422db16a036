/** Commands of the jar: {@code preflight} and {@code new-key}. */
@NullMarked
package dev.tenpayroutes.cli;

import org.jspecify.annotations.NullMarked;
