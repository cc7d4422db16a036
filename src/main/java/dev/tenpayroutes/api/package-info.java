/** The door for ERP systems: contract, credentials, problems. */
@NullMarked
package dev.tenpayroutes.api;

import org.jspecify.annotations.NullMarked;
