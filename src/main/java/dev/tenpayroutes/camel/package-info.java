/** What Camel itself lacks: coalesced SQL calls, bound SQL parameters, validation and reload of route files. */
@NullMarked
package dev.tenpayroutes.camel;

import org.jspecify.annotations.NullMarked;
