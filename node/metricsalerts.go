package node

// What control has of alerts. The numbers of what lasts and waits are the leader's; other
// control processes tell zeros.
var (
	mAlertsActive   = gauge("control", "alerts_active", "Alerts that last, as the control process that leads knows them.")
	mAlertsRaised   = counter("control", "alerts_raised_total", "Alerts that this control process has raised.")
	mAlertsResolved = counter("control", "alerts_resolved_total", "Alerts that this control process has resolved.")
	mAlertsWaiting  = gauge("control", "alert_notices_waiting", "Entries and messages that wait to be told to a channel.")
	mAlertMessages  = counter("control", "alert_messages_total", "Messages about alerts by what became of the attempt: sent, retried, or given_up.", "outcome")
	mAlertAttempts  = counter("control", "alert_attempts_total", "Attempts to send to a channel, tests included, by its kind.", "kind")
	mAlertFailures  = counter("control", "alert_attempt_failures_total", "Attempts to send to a channel that failed, by its kind.", "kind")
)

func (n *node) measureAlerts(put put) {
	if n.control.alerts == nil { // not started yet
		return
	}
	c := n.control.alerts.Counts()
	put(mAlertsActive, float64(c.Active))
	put(mAlertsRaised, float64(c.Raised))
	put(mAlertsResolved, float64(c.Resolved))
	put(mAlertsWaiting, float64(c.Waiting))
	put(mAlertMessages, float64(c.Sent), "sent")
	put(mAlertMessages, float64(c.Retried), "retried")
	put(mAlertMessages, float64(c.GivenUp), "given_up")
	for _, t := range n.control.sender.Tallies() {
		put(mAlertAttempts, float64(t.Tried), t.Kind)
		put(mAlertFailures, float64(t.Failed), t.Kind)
	}
}
