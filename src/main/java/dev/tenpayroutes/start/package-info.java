/** What happens around start-up: where routes come from, live reload, and the one clear line when the program can't start. */
@NullMarked
package dev.tenpayroutes.start;

import org.jspecify.annotations.NullMarked;
