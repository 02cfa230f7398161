// Package eventfile keeps log events in files made for them: appended to a journal that is synced before an append returns (many
// appends share one sync), and, when the journal is full, sealed into one compressed file per group, sorted by stream and time.
// The store holds only where in the files which stream's events of which time are.
//
//	<dir>/journal/<generation>            records of appends, each with its checksum
//	<dir>/groups/<group>/<generation>     frames of a few hundred kilobytes, compressed, one after the other
//
// Small files of a group are merged later. What the journal holds lies in memory too, so reads merge memory and frames. After a crash the journal is read again up to the first
// record that is not whole; a generation that was sealed is known by a row that is written with its parts, and is not read twice.
package eventfile
