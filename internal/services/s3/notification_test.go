package s3

import "testing"

func TestNotificationDocuments(t *testing.T) {
	wrap := func(s string) string { return `<NotificationConfiguration>` + s + `</NotificationConfiguration>` }
	queue := func(s string) string {
		return wrap(`<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:123456789012:q</Queue>` + s + `</QueueConfiguration>`)
	}
	f := func(body string, ok bool) {
		t.Helper()
		if _, err := readNotification([]byte(body)); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
	f(wrap(``), true)
	f(wrap(`<EventBridgeConfiguration/>`), true)
	f(queue(`<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectTagging:*</Event>`), true)
	f(queue(``), false)
	f(queue(`<Event>s3:ObjectEaten</Event>`), false)
	f(queue(`<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>middle</Name><Value>x</Value></FilterRule></S3Key></Filter>`), false)
	f(wrap(`<TopicConfiguration><Topic>arn:aws:sqs:us-east-1:123456789012:q</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration>`), false)
	f(wrap(`<CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:123456789012:function:f</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>`), true)
	f(wrap(`<CloudFunctionConfiguration><CloudFunction>arn:aws:sqs:us-east-1:123456789012:q</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>`), false)
	f(`<NotificationConfiguration>`, false)
}

func TestWants(t *testing.T) {
	f := func(events []string, prefix, suffix, event, key string, want bool) {
		t.Helper()
		d := destination{Events: events}
		for name, v := range map[string]string{"Prefix": prefix, "suffix": suffix} {
			d.Rules = append(d.Rules, struct {
				Name  string `xml:"Name"`
				Value string `xml:"Value"`
			}{name, v})
		}
		if got := d.wants(event, key); got != want {
			t.Errorf("%v %s %s: %s %s: got %v", events, prefix, suffix, event, key, got)
		}
	}
	all, put := []string{"s3:ObjectCreated:*"}, []string{"s3:ObjectCreated:Put"}
	f(all, "", "", "ObjectCreated:Put", "a", true)
	f(all, "", "", "ObjectCreated:Copy", "a", true)
	f(all, "", "", "ObjectRemoved:Delete", "a", false)
	f(put, "", "", "ObjectCreated:Put", "a", true)
	f(put, "", "", "ObjectCreated:Copy", "a", false)
	f(all, "in/", ".csv", "ObjectCreated:Put", "in/a.csv", true)
	f(all, "in/", ".csv", "ObjectCreated:Put", "out/a.csv", false)
	f(all, "in/", ".csv", "ObjectCreated:Put", "in/a.txt", false)
}

func FuzzNotification(f *testing.F) {
	f.Add([]byte(`<NotificationConfiguration><QueueConfiguration><Queue>q</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>`), "key")
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		n, err := readNotification(body)
		if err != nil {
			return
		}
		if _, err := n.notes(happened{Event: "ObjectCreated:Put", Key: key, Bucket: "b"}); err != nil {
			t.Error(err)
		}
	})
}
