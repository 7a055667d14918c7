<?php
// Takes webhooks, and believes only those that are signed and fresh.
// WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:8099 receiver.php

function is_genuine(string $body): bool
{
    $key = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
if (!is_genuine($body)) {
    http_response_code(401);
    return;
}
// The same webhook-id may come twice: keep those you have dealt with.
error_log($_SERVER['HTTP_WEBHOOK_ID'] . ' ' . json_decode($body)->type);
http_response_code(204);
