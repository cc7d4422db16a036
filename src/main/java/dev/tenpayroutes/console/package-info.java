/** Pages for people: no SQL and no rule of its own, but the routes of the merchant API with the person as caller. */
@NullMarked
package dev.tenpayroutes.console;

import org.jspecify.annotations.NullMarked;
