// Package graph draws the orchestration of an access domain or a pool as one answer:
// what leads to what, how well each part is, who is answered what now, what can never
// be reached and what is left when everything fails.
//
// It decides nothing: every state, choice and grade comes from the engine of package
// steer over the configuration and the verdicts that it is given, so that the picture
// and the answers cannot differ. It reads the configuration only during a call.
package graph
