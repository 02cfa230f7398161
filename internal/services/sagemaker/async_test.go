package sagemaker

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

func (f *fixture) invoke(change func(*sagemakerruntime.InvokeEndpointAsyncInput)) (*sagemakerruntime.InvokeEndpointAsyncOutput, error) {
	in := &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("e"), InputLocation: aws.String("s3://b/in"), InferenceId: aws.String("one")}
	if change != nil {
		change(in)
	}
	return f.Runtime().InvokeEndpointAsync(f.ctx, in)
}

// accepted gives the invocations that have not ended.
func (f *fixture) accepted() (rows []store.Row[invocation]) {
	f.t.Helper()
	f.ok(f.Store.View(f.ctx, func(tx *store.Tx) (err error) {
		rows, err = f.invocations.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		return err
	}))
	return rows
}

func TestAccept(t *testing.T) {
	f := open(t)
	_, err := f.invoke(nil)
	f.refused(err, "not found")
	f.endpoint(nil)
	_, err = f.invoke(nil)
	f.refused(err, "is not an async endpoint")
	f.endpoint(later)
	_, err = f.Runtime().InvokeEndpoint(f.ctx, &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("e")})
	f.refused(err, "is an async endpoint")
	_, err = f.invoke(func(in *sagemakerruntime.InvokeEndpointAsyncInput) { in.InputLocation = aws.String("s3://b") })
	f.refused(err, "Invalid InputLocation")
	_, err = f.invoke(func(in *sagemakerruntime.InvokeEndpointAsyncInput) { in.Body = []byte("x") })
	f.refused(err, "payloads within the request")
	if n := len(f.accepted()); n != 0 {
		t.Fatalf("%d invocations that were refused", n)
	}
	out, err := f.invoke(func(in *sagemakerruntime.InvokeEndpointAsyncInput) {
		in.Filename, in.S3OutputPathExtension, in.RequestTTLSeconds = aws.String("answer"), aws.String("../a/b"), aws.Int32(90)
	})
	f.ok(err)
	if *out.InferenceId != "one" || *out.OutputLocation != "s3://b/out/a/b/answer" {
		t.Errorf("got %s to %s", *out.InferenceId, *out.OutputLocation)
	}
	rows := f.accepted()
	if len(rows) != 1 || f.waiting(asyncCourier) != 1 {
		t.Fatalf("%d invocations, %d parcels", len(rows), f.waiting(asyncCourier))
	}
	want := invocation{Endpoint: "e", ID: "one", Input: "s3://b/in", Output: *out.OutputLocation, Failed: *out.FailureLocation, Received: f.clock.Now(), Timeout: asyncTimeout,
		Life: 90 * time.Second}
	if got := rows[0].Value; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// parcel is what a courier has of an invocation.
func parcel(t *testing.T, k store.Key) delivery.Parcel {
	t.Helper()
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.Parcel{Kind: asyncCourier, Account: k.Account, Region: k.Region, Data: b}
}

// TestEndsOnce has invocations end for which there is no model: each once, however often it is tried.
func TestEndsOnce(t *testing.T) {
	f := open(t)
	f.endpoint(later)
	f.objects["/b/in"] = "x"
	_, err := f.invoke(nil)
	f.ok(err)
	p := parcel(t, f.accepted()[0].Key)
	f.clock.Advance(asyncLife + time.Second)
	f.ok(f.invokeLater(f.ctx, p))
	f.ok(f.invokeLater(f.ctx, p))
	if rows := f.accepted(); len(rows) != 0 || f.waiting(noticeCourier) != 1 || f.measured["InvocationFailures"] != 1 {
		t.Errorf("%d invocations, %d notices, %v", len(rows), f.waiting(noticeCourier), f.measured)
	}
	_, err = f.invoke(nil)
	f.ok(err)
	p = parcel(t, f.accepted()[0].Key)
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error { return f.endpoints.Delete(tx, f.key) }))
	f.ok(f.invokeLater(f.ctx, p)) // whom to tell is gone, too
	if rows := f.accepted(); len(rows) != 0 || f.waiting(noticeCourier) != 1 {
		t.Errorf("%d invocations, %d notices", len(rows), f.waiting(noticeCourier))
	}
}

// TestInputThatIsNotThere fails what another attempt would not mend.
func TestInputThatIsNotThere(t *testing.T) {
	f := open(t)
	f.endpoint(later)
	_, err := f.invoke(nil)
	f.ok(err)
	row := f.accepted()[0]
	set, err := f.served(f.ctx, f.key)
	f.ok(err)
	r, err := f.invokeNow(f.ctx, f.ctx, f.key, row.Value, set)
	f.ok(err)
	f.refused(errors.New(r.reason), "Failed to read the input s3://b/in")
}

func TestNotice(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	i := invocation{Endpoint: "e", ID: "one", Input: "s3://b/in", Output: "s3://b/out", Failed: "s3://b/failed", ContentType: "text/csv", Received: at}
	f := func(r asyncResult, include bool, status, response string) {
		t.Helper()
		m := i.notice("us-east-1", at.Add(time.Second), r, include)
		b, err := json.Marshal(m["responseParameters"])
		if err != nil || m["invocationStatus"] != status || string(b) != response || m["eventTime"] != "2026-01-02T03:04:06.678Z" || m["receivedTime"] != "2026-01-02T03:04:05.678Z" {
			t.Errorf("got %v with %s %v, want %s %s", m, b, err, status, response)
		}
		if _, failed := m["failureReason"]; failed != (status == "Failed") {
			t.Errorf("%s has the reason %v", status, m["failureReason"])
		}
	}
	f(asyncResult{kind: "text/csv", answer: []byte("1"), whole: true}, false, "Completed", `{"contentType":"text/csv","outputLocation":"s3://b/out"}`)
	f(asyncResult{kind: "text/csv", answer: []byte("1"), whole: true}, true, "Completed", `{"body":{"content":"1","encoding":"TEXT"},"contentType":"text/csv","outputLocation":"s3://b/out"}`)
	f(asyncResult{kind: "a/b", answer: []byte{0xff}, whole: true}, true, "Completed", `{"body":{"content":"/w==","encoding":"BASE64"},"contentType":"a/b","outputLocation":"s3://b/out"}`)
	f(asyncResult{kind: "a/b", answer: []byte("1")}, true, "Completed", `{"contentType":"a/b","outputLocation":"s3://b/out"}`) // too long
	f(asyncResult{reason: "no", answer: []byte("why"), whole: true}, false, "Failed", `{"outputLocation":"s3://b/failed"}`)
	f(asyncResult{reason: "no"}, false, "Failed", `null`)
}

func TestIntroduce(t *testing.T) {
	f := open(t)
	f.endpoint(later)
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error {
		e, err := f.endpoints.Get(tx, f.key)
		if err != nil {
			return err
		}
		return f.introduce(tx, f.key, e)
	}))
	if n := f.waiting(noticeCourier); n != 2 {
		t.Errorf("%d notices for two topics", n)
	}
}

func TestBacklog(t *testing.T) {
	f := open(t)
	f.endpoint(func(d *deployment) { later(d); d.Variants[0].Count = 0 })
	for range 3 {
		_, err := f.invoke(nil)
		f.ok(err)
	}
	f.clock.Advance(time.Minute)
	f.measureBacklogs(f.ctx)
	want := map[string]float64{"ApproximateBacklogSize": 3, "HasBacklogWithoutCapacity": 1, "ApproximateAgeOfOldestRequest": 60}
	if !reflect.DeepEqual(f.measured, want) {
		t.Errorf("got %v, want %v", f.measured, want)
	}
}
