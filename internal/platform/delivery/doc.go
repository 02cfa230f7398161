// Package delivery brings what a service has accepted to where it belongs: EventBridge's events and SNS's messages to queues,
// topics and addresses, and later what S3 and Lambda have to tell.
//
// A parcel is a row that is written in the transaction that accepts it (Desk.Accept), and is deleted when it has arrived or
// lies in a dead-letter queue. So it survives the death of the process; it arrives at least once. A courier, one for each
// kind of parcel, knows how to bring it. What fails is tried again with a growing wait, until the parcel is too old or was
// tried too often, or the courier says that it is of no use (Permanent).
//
// Parcels of one line go one after the other, as FIFO topics ask for.
package delivery
