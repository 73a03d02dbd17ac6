-- Purpose: what an earlier system has already mailed about each encounter
-- Parameters: none (the extract is as of the night it was loaded)
-- Grain: one row per encounter at most
-- Order: mail_sort, guarantor_id, account_number, by bytes
SELECT COALESCE(o.mail_sort, '') AS mail_sort,
       COALESCE(o.guarantor_id, '') AS guarantor_id,
       c.account_number,
       c.first_statement_on,
       c.statements_sent,
       c.last_level,
       c.last_mailed_on
FROM correspondence AS c
LEFT JOIN account_order AS o ON o.account_number = c.account_number
ORDER BY 1, 2, COALESCE(c.account_number, '')
