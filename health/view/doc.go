// Package view is the receiving side of health: it collects the findings of all
// vantages and computes the verdicts, in every resolver and in control alike.
//
// Verdicts are a pure function (traffic/verdict) of the findings, the configuration
// and the verdict before. Silence holds: a vantage without heartbeat stops voting but
// stays among the selected, so that those who are left cannot change a verdict when
// they are fewer than half. What a view missed it asks the vantage for.
//
// Verdicts and the known vantages are kept on disk, so that a node that starts alone
// serves by what was last known.
package view
