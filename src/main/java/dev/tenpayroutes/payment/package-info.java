/** Beans of the routes that decide about payments and refunds outside SQL. */
@NullMarked
package dev.tenpayroutes.payment;

import org.jspecify.annotations.NullMarked;
