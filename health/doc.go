// Package health holds what its parts share: the bus, the health tasks of a
// configuration, and the messages between vantages and those who need verdicts.
//
// A vantage (health/vantage) runs the probes of health/check at the pace of
// health/schedule and publishes its findings. A view (health/view), one in every
// resolver and in control, collects the findings of all vantages and computes the
// verdicts with the pure rules of traffic/verdict. No server keeps anything between
// them: a view that missed something asks the vantage for its whole state.
//
// DESIGN.md tells why.
package health
