/** Settings, secrets, what is wrong with them, and the means of start-up and shutdown that Spring Boot lacks. Knows no other package. */
@NullMarked
package dev.tenpayroutes.config;

import org.jspecify.annotations.NullMarked;
