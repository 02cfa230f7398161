// Package governance decides who may do what with the resources of the data catalog: Lake Formation's grants, in force.
//
// A grant is made by an account (the grantor) to a principal on a resource, with or without the right to pass it on, and
// may be cut to columns and to rows. What a principal may do follows from all grants that lead to it. A grant that an
// account makes on a resource of another account never gives more than that account may itself pass on at the moment, so
// that the end of one grant ends all that were built on it.
//
// Everything that decides is held in memory, loaded with the first question and changed with every commit.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/lake-formation-permissions.html
package governance
