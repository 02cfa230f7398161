// Package cloudtrail records calls and answers LookupEvents.
//
// A record is on disk before the call is answered. It is kept in the region of the call, that of a global service in
// us-east-1, for 90 days. A call on another account's resource is recorded in both accounts.
//
// Known gaps: there are no trails, event data stores or insights. Data events (calls on objects) are not kept, as
// LookupEvents does not show them. Session tokens are hidden in records, where AWS shows them. An event does not go on to
// EventBridge as "AWS API Call via CloudTrail".
package cloudtrail
