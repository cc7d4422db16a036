/**
 * A Tenpay Global stand-in that speaks the whole wire of {@code docs/tenpay-assumptions.md} (W1 to W9), started only by
 * the Spring profile {@code sandbox}. It signs and verifies with code of its own and shares none with the rest of the
 * program: a canonical string built wrongly on one side must not be accepted by the other.
 */
@NullMarked
package dev.tenpayroutes.sandbox;

import org.jspecify.annotations.NullMarked;
