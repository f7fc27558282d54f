// Package alert tells people what is wrong and when it is over.
//
// What watches the installation hands complete sets of conditions to a Keeper (Observe):
// what is wrong now. The Keeper compares them with the alerts that last, so nothing is
// lost by a restart or a change of leader: what is missing is raised, what is gone is
// resolved. Each alert and each end is one line of a log and, for each channel that the
// rules name, one notice in an outbox; both are written in one transaction, apart from
// any commit of configuration. A second loop makes messages of what waits, of what belongs
// together one, and sends them until the other side has taken them. A message is stored
// before it is sent, so that it is sent again under its id when the process died between:
// at least once, and to be told apart.
//
// Only the control process that leads runs the two loops (Run), under the fence of its
// term. Settings, channels, mutes and acknowledgements may be written by any. Rules,
// grouping and texts are plain functions of their arguments.
package alert
