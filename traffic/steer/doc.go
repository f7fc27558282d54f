// Package steer is the steering engine: the one place that decides what an access
// domain answers. It is a pure function of configuration, health, current members
// and client; the plan compiler calls it once per name and line class, and explain,
// previews and assertions call the same code, so that they cannot disagree
// (design D1).
//
// The outcome is a Decision: the candidates in order and the rule by which a
// resolver picks among them for each query. Nothing here draws, rotates or keeps
// state between calls. An Engine may be used by one goroutine at a time.
package steer
