// Package verdict holds the pure rules that turn probes into findings and findings
// into verdicts (design 5.5). It has no clock, no network and no memory of its own:
// equal input gives equal output on every node, which is why no verdict service exists.
//
// A probe is good or bad. A Counter makes of one vantage's probes its Finding.
// Judge makes of the findings of all vantages the Verdict.
package verdict
