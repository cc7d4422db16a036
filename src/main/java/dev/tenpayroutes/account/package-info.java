/** Merchant accounts: their keys and certificates, checked at start-up and reloaded while the program runs. */
@NullMarked
package dev.tenpayroutes.account;

import org.jspecify.annotations.NullMarked;
