// Package check runs one probe of one health task: ping, tcp, http or https.
//
// A Prober never follows its environment: no proxy variables, no connection reuse,
// one request exactly. It keeps the template's time limit, holds every address it
// connects to - of the task, of a resolved domain name, of a redirect - to the
// target policy, and turns a panic into a bad probe.
//
// A probe that is bad is not yet evidence against the target. The Result tells
// whether the fault lies on this machine (Local: no vote) and whether the network
// only kept silent (Silent: the caller should make sure that its own network works).
package check
