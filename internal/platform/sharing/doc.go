// Package sharing is the state of resource shares of all accounts, and tells what they bring to whom.
//
// A share has resources and principals, each by an association of its own. A principal outside the owner's organization, or in one
// that hasn't enabled sharing within itself, is sent an invitation, and has nothing before it accepts. What is in force is held
// in memory, loaded with the first question and changed with every commit.
//
// The ram service lets users make shares of what they own. Other services Offer and Withdraw what they grant across accounts.
// Source: https://docs.aws.amazon.com/ram/latest/userguide/what-is.html
package sharing
