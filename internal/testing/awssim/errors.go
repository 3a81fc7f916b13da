package awssim

import "fmt"

// APIError is a refusal as an AWS service words it.
type APIError struct {
	// Service and Operation name the API call, for example "EC2" and "RunInstances".
	Service, Operation string
	// Code is AWS's error code, for example "InvalidSubnet.Conflict".
	Code string
	// Message is AWS's text for the user.
	Message string
}

func (e *APIError) Error() string {
	return fmt.Sprintf("operation error %s: %s, api error %s: %s", e.Service, e.Operation, e.Code, e.Message)
}

func refuse(service, operation, code, format string, args ...any) error {
	return &APIError{Service: service, Operation: operation, Code: code, Message: fmt.Sprintf(format, args...)}
}

func refuseEC2(operation, code, format string, args ...any) error {
	return refuse("EC2", operation, code, format, args...)
}

func refuseIAM(operation, code, format string, args ...any) error {
	return refuse("IAM", operation, code, format, args...)
}

func refuseSSM(operation, code, format string, args ...any) error {
	return refuse("SSM", operation, code, format, args...)
}

func refuseELB(operation, code, format string, args ...any) error {
	return refuse("Elastic Load Balancing v2", operation, code, format, args...)
}

func refuseWAF(operation, code, format string, args ...any) error {
	return refuse("WAFV2", operation, code, format, args...)
}

func refuseRoute53(code, format string, args ...any) error {
	return refuse("Route 53", "ChangeResourceRecordSets", code, format, args...)
}

func refuseS3(operation, code, format string, args ...any) error {
	return refuse("S3", operation, code, format, args...)
}

// wording is an explanation in AWS's own words, which go into an APIError.
type wording string

func (w wording) Error() string { return string(w) }

func wordingf(format string, args ...any) wording { return wording(fmt.Sprintf(format, args...)) }
