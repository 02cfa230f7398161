package s3

import (
	"context"
	"encoding/json"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/s3event"
)

// sender takes versitygw's events.
type sender struct{ g *guard }

func (g *guard) events() s3event.S3EventSender { return sender{g} }

// Close has nothing to close.
func (sender) Close() error { return nil }

// SendEvent hands a created or deleted object to the bus.
func (s sender) SendEvent(ctx fiber.Ctx, meta s3event.EventMeta) {
	object := map[string]any{"size": meta.ObjectSize}
	if meta.ObjectETag != nil {
		object["etag"] = *meta.ObjectETag
	}
	if meta.VersionId != nil && *meta.VersionId != "" {
		object["version-id"] = *meta.VersionId
	}
	reason := map[s3event.EventType]string{
		s3event.EventObjectCreatedPut: "PutObject", s3event.EventObjectCreatedPost: "POST Object",
		s3event.EventObjectCreatedCopy:       "CopyObject",
		s3event.EventCompleteMultipartUpload: "CompleteMultipartUpload",
		s3event.EventObjectRemovedDelete:     "DeleteObject",
	}[meta.EventName]
	if reason == "" {
		return // tags and ACLs; DeleteObjects tells of each key by itself
	}
	bucket, key := target(ctx.RequestCtx())
	object["key"] = key
	kind := "Object Created"
	if reason == "DeleteObject" {
		kind = "Object Deleted"
		delete(object, "size")
	}
	s.g.emit(ctx.RequestCtx(), kind, reason, bucket, object)
}

func (g *guard) deleted(rc *fasthttp.RequestCtx, bucket string, d types.DeletedObject) {
	object := map[string]any{"key": *d.Key}
	if d.VersionId != nil {
		object["version-id"] = *d.VersionId
	}
	g.emit(rc, "Object Deleted", "DeleteObject", bucket, object)
}

// eventNames are the events as queues and topics are told of them.
var eventNames = map[string]string{"PutObject": "ObjectCreated:Put", "POST Object": "ObjectCreated:Post", "CopyObject": "ObjectCreated:Copy",
	"CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload", "DeleteObject": "ObjectRemoved:Delete"}

// emit writes the event of a bucket that has a notification configuration.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func (g *guard) emit(rc *fasthttp.RequestCtx, kind, reason, bucket string, object map[string]any) {
	if g.cfg.Store == nil {
		return
	}
	b, err := g.bucket(rc, bucket)
	if err != nil || b.notifies == nil {
		return
	}
	who, _ := g.caller(rc)
	requestID, _ := rc.UserValue("request-id").(string)
	detail := map[string]any{"version": "0", "bucket": map[string]string{"name": bucket}, "object": object,
		"request-id": requestID, "requester": who.Account, "source-ip-address": sourceIP(rc), "reason": reason}
	if kind == "Object Deleted" {
		detail["deletion-type"] = "Permanently Deleted"
	}
	h := happened{Event: eventNames[reason], Bucket: bucket, Owner: b.owner, Region: g.cfg.Region, Requester: who.UserID, Address: sourceIP(rc),
		RequestID: requestID, Created: kind == "Object Created", Time: g.cfg.Clock.Now()}
	h.Key, _ = object["key"].(string)
	h.ETag, _ = object["etag"].(string)
	h.Version, _ = object["version-id"].(string)
	h.Size, _ = object["size"].(int64)
	notes, err := b.notifies.notes(h)
	if err != nil || len(notes) == 0 && b.notifies.Bus == nil {
		return
	}
	data, err := json.Marshal(detail)
	if err == nil {
		err = g.cfg.Store.Update(context.WithoutCancel(rc), func(tx *store.Tx) error {
			for _, n := range notes {
				if err := g.cfg.Desk.Accept(tx, n); err != nil {
					return err
				}
			}
			if b.notifies.Bus == nil {
				return nil
			}
			return tx.Emit(bus.Event{Source: "aws.s3", DetailType: kind, Account: b.owner, Region: g.cfg.Region,
				Time: g.cfg.Clock.Now(), Resources: []string{"arn:aws:s3:::" + bucket}, Detail: data})
		})
	}
	if err != nil {
		g.cfg.Logger.Error("cannot write an S3 event", "bucket", bucket, "error", err)
	}
}
