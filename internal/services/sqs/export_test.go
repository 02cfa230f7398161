package sqs

// ReadReceipt is readReceipt.
var ReadReceipt = readReceipt
