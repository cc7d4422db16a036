/** The merchant accounts: settings, keys and certificates, checked when the program starts. */
@NullMarked
package dev.tenpayroutes.account;

import org.jspecify.annotations.NullMarked;
