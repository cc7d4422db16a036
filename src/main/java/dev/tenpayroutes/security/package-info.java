/** Who may call: API keys, OAuth 2 tokens, scopes and rate limits. */
@NullMarked
package dev.tenpayroutes.security;

import org.jspecify.annotations.NullMarked;
