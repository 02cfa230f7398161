// Package scaling is what an alarm tells a scaling policy: CloudWatch and Application Auto Scaling have no call for it that others could
// make, so it goes as a parcel from the one to the other.
package scaling

import "time"

// Kind is the kind of these parcels (platform/delivery). Application Auto Scaling is their courier.
const Kind = "scaling"

// Alarm is the state of an alarm that has a policy as an action.
type Alarm struct {
	Policy string // ARN
	Alarm  string // its name
	ARN    string
	State  string // "ALARM", "OK", "INSUFFICIENT_DATA"
	Time   time.Time
	// Value is the latest that the alarm looked at, nil when there was none.
	Value      *float64 `json:",omitempty"`
	Threshold  float64
	Comparison string
}
