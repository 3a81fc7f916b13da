package awsapi

import (
	"encoding/xml"
	"errors"
	"net/http"
	"time"

	"github.com/growbin/cluster/internal/testing/awssim"
)

// sessionLifetime is the default of AssumeRoleWithWebIdentity.
const sessionLifetime = time.Hour

// SecurityTokenService returns the API of STS (query protocol): the exchange of a pod's token for credentials of its role.
func (s *Server) SecurityTokenService() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if action := r.FormValue("Action"); action != "AssumeRoleWithWebIdentity" {
			refuseToken(w, "InvalidAction", "Could not find operation "+action)
			return
		}
		session, err := s.cloud.AssumeRoleWithWebIdentity(r.FormValue("RoleArn"), r.FormValue("RoleSessionName"), r.FormValue("WebIdentityToken"))
		if err != nil {
			failure := (*awssim.APIError)(nil)
			if !errors.As(err, &failure) {
				failure = &awssim.APIError{Code: "InternalFailure", Message: err.Error()}
			}
			refuseToken(w, failure.Code, failure.Message)
			return
		}
		keys := s.credentialsOfSession(session)
		answer := struct {
			XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
			Result  struct {
				Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken, Expiration string }
				User        struct{ Arn string } `xml:"AssumedRoleUser"`
			} `xml:"AssumeRoleWithWebIdentityResult"`
		}{}
		answer.Result.Credentials.AccessKeyId, answer.Result.Credentials.SecretAccessKey = keys.accessKey, keys.secretKey
		answer.Result.Credentials.SessionToken = keys.sessionToken
		answer.Result.Credentials.Expiration = time.Now().Add(sessionLifetime).UTC().Format(time.RFC3339)
		answer.Result.User.Arn = session.ARN()
		w.Header().Set("Content-Type", "text/xml")
		_ = xml.NewEncoder(w).Encode(answer) // a client that hangs up retries
	})
}

func refuseToken(w http.ResponseWriter, code, message string) {
	status := http.StatusBadRequest
	if code == "AccessDenied" {
		status = http.StatusForbidden
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	answer := struct {
		XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error   struct{ Type, Code, Message string }
	}{}
	answer.Error.Type, answer.Error.Code, answer.Error.Message = "Sender", code, message
	_ = xml.NewEncoder(w).Encode(answer)
}
