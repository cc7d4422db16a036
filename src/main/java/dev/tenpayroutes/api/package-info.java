/** The ERP-facing contract: request limits, validation and problems (RFC 9457). */
@NullMarked
package dev.tenpayroutes.api;

import org.jspecify.annotations.NullMarked;
