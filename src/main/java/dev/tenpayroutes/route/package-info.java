/** The beans that the YAML routes name. */
@NullMarked
package dev.tenpayroutes.route;

import org.jspecify.annotations.NullMarked;
