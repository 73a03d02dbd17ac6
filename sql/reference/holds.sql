-- Purpose: reasons on file not to mail; account_number and episode_id NULL mean the whole guarantor
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per hold
-- Order: mail_sort, guarantor_id, account_number, hold_id, by bytes
SELECT COALESCE(o.mail_sort, m.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, h.guarantor_id, '') AS guarantor_id,
       h.account_number,
       h.hold_id,
       h.code,
       h.placed_on,
       h.episode_id,
       h.expires_on
FROM hold AS h
LEFT JOIN account_order AS o ON o.account_number = h.account_number
LEFT JOIN mailing_order AS m ON m.guarantor_id = h.guarantor_id
ORDER BY 1, 2, COALESCE(h.account_number, ''), h.hold_id
