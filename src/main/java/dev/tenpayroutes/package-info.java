/** Integration routes between ERP systems and Tenpay Global Checkout. */
@NullMarked
package dev.tenpayroutes;

import org.jspecify.annotations.NullMarked;
