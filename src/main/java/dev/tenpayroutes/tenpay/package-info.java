/** The client of Tenpay Global and its notifications: requests, circuit breakers, what results are reported. */
@NullMarked
package dev.tenpayroutes.tenpay;

import org.jspecify.annotations.NullMarked;
