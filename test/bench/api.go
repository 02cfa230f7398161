package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// api measures small calls against moto.
func api(ctx context.Context, o options) (section, error) {
	var count atomic.Int64 // makes names that were never used
	var list []benchmark
	create := func(s *server, _, _ int) *http.Request {
		return form(s, "iam", url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"},
			"RoleName": {"r" + strconv.FormatInt(count.Add(1), 10)}, "AssumeRolePolicyDocument": {trust}})
	}
	for _, workers := range []int{1, 16} {
		list = append(list,
			benchmark{"GetCallerIdentity", workers, 0, func(s *server, _, _ int) *http.Request {
				return form(s, "sts", url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}})
			}},
			benchmark{"CreateRole", workers, 0, create},
			benchmark{"GetRole", workers, 0, func(s *server, _, _ int) *http.Request {
				return form(s, "iam", url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {"bench"}})
			}})
	}
	// Changes that wait together share a sync, so their rate grows with the number of clients.
	list = append(list, benchmark{"CreateRole", 64, 0, create})
	body, err := o.rates(ctx, list, shared, moto)
	return section{"API", body + `
With one connection the client's own time, a few tenths of a millisecond, is in every figure. Changes wait for the disk here and not in
moto, which keeps everything in memory; clients that change things at the same time share a sync.
`}, err
}
