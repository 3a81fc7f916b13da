package stacks

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

// Each application connects as itself, to its own database and level, and has its own keys alone. An address is shown as its
// scheme, user, host and path.
func TestConnections_OfEachApplication(t *testing.T) {
	w := deploy(t, "prod", map[string]string{"openaiApiKey": "sk-of-the-test", "kakaoApiKey": "kakao-of-the-test"})
	const (
		growbin   = "@postgresql.data.svc:5432/growbin"
		celery    = "@rabbitmq.data.svc:5672/growbin"
		results   = "redis://celery-results@redis-durable.data.svc:6379/0"
		sessions  = "redis://sessions@redis-durable.data.svc:6379/1"
		history   = "redis://chat-history@redis-durable.data.svc:6379/2"
		hashes    = "redis://image-hashes@redis-cache.data.svc:6379/0"
		openAIKey = "sk-of-the-test"
	)
	password := func(name string) string {
		return plain(w.mocks.One(t, "random:index/randomPassword:RandomPassword", name).Outputs["result"]).StringValue()
	}
	bucket := plain(w.mocks.One(t, "aws:s3/bucketV2:BucketV2", "growbin-prod-images").Outputs["bucket"]).StringValue()
	want := map[string]map[string]string{
		"auth-api": {
			"DATABASE_URL": "postgresql://auth_api@postgresql.data.svc:5432/auth", "REDIS_URL": sessions,
			"JWT_SECRET": password("jwt-secret"), "JWT_SECRET_OTHER": password("jwt-secret-second"),
		},
		"chat-llm-api":     {"DATABASE_URL": "postgresql://chat_llm_api" + growbin, "REDIS_URL": history, "OPENAI_API_KEY": openAIKey},
		"location-api":     {"DATABASE_URL": "postgresql://location_api" + growbin, "REDIS_URL": hashes, "KAKAO_API_KEY": "kakao-of-the-test"},
		"recycle-info-api": {"DATABASE_URL": "postgresql://recycle_info_api" + growbin, "REDIS_URL": hashes},
		"userinfo-api":     {"DATABASE_URL": "postgresql://userinfo_api" + growbin, "REDIS_URL": sessions},
		"waste-api": {
			"DATABASE_URL": "postgresql://waste_api" + growbin, "REDIS_URL": hashes, "AWS_S3_BUCKET": bucket,
			"RABBITMQ_URL": "amqp://waste-api" + celery, "CELERY_RESULT_BACKEND": results,
		},
		"image-uploader": {
			"DATABASE_URL": "postgresql://image_uploader" + growbin, "REDIS_URL": hashes, "AWS_S3_BUCKET": bucket,
			"CELERY_BROKER_URL": "amqp://image-uploader" + celery, "CELERY_RESULT_BACKEND": results,
		},
		"rule-retriever": {
			"DATABASE_URL": "postgresql://rule_retriever" + growbin, "REDIS_URL": hashes,
			"CELERY_BROKER_URL": "amqp://rule-retriever" + celery, "CELERY_RESULT_BACKEND": results,
		},
		"task-scheduler": {
			"DATABASE_URL": "postgresql://task_scheduler@postgresql.data.svc:5432/analytics", "REDIS_URL": hashes,
			"CELERY_BROKER_URL": "amqp://task-scheduler" + celery, "CELERY_RESULT_BACKEND": results,
		},
		"gpt5-analyzer": {
			"DATABASE_URL": "postgresql://gpt5_analyzer" + growbin, "REDIS_URL": hashes, "OPENAI_API_KEY": openAIKey,
			"CELERY_BROKER_URL": "amqp://gpt5-analyzer" + celery, "CELERY_RESULT_BACKEND": results,
		},
		"response-generator": {
			"DATABASE_URL": "postgresql://response_generator" + growbin, "REDIS_URL": history, "OPENAI_API_KEY": openAIKey,
			"CELERY_BROKER_URL": "amqp://response-generator" + celery, "CELERY_RESULT_BACKEND": results,
		},
	}
	secrets := objectsOf[corev1.Secret](t, w, "core/v1:Secret")
	is := map[string]map[string]string{}
	for name := range applications(t, w) {
		is[name] = map[string]string{}
		for key, value := range secrets[name].StringData {
			if address, err := url.Parse(value); err == nil && address.Host != "" {
				address.User = url.User(address.User.Username())
				value = address.String()
			}
			is[name][key] = value
		}
	}
	assert.Equal(t, want, is)
}
