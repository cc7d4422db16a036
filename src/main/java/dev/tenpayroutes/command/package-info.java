/** What the jar does instead of running, when a word stands behind it: {@code preflight} or {@code new-key}. */
@NullMarked
package dev.tenpayroutes.command;

import org.jspecify.annotations.NullMarked;
